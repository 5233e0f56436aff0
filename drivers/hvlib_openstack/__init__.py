"""OpenStack regions: nova, cinder, neutron and glance, through openstacksdk's configuration and session."""
