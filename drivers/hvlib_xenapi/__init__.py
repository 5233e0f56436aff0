"""XenServer and XCP-ng, through XenAPI; and, in ``simulator``, a pool to try it on."""
