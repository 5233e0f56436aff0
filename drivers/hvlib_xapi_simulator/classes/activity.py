"""The classes of activity: tasks, events, messages, blobs."""

from __future__ import annotations

from hvlib_xapi_simulator.table import table

__all__ = ["blob", "event", "message", "task"]

task = table(
    "task",
    """
    uuid | string | ro
    name_label | string | ro | ""
    name_description | string | ro | ""
    allowed_operations | enum task_allowed_operations set | ro | {}
    current_operations | (string -> enum task_allowed_operations) map | ro | {}
    created | datetime | ro
    finished | datetime | ro
    status | enum task_status_type | ro
    resident_on | host ref | ro
    progress | float | ro
    type | string | ro
    result | string | ro
    error_info | string set | ro
    other_config | (string -> string) map | ro | {}
    subtask_of | task ref | ro | OpaqueRef:NULL
    subtasks | task ref set | ro
    backtrace | string | ro | "()"
    """,
    """
    add_to_other_config(task ref self, string key, string value)
    cancel(task ref task)
    sync create(string label, string description): task ref
    sync destroy(task ref self)
    remove_from_other_config(task ref self, string key)
    sync set_error_info(task ref self, string set value)
    set_other_config(task ref self, (string -> string) map value)
    sync set_progress(task ref self, float value)
    sync set_result(task ref self, string value)
    sync set_status(task ref self, enum task_status_type value)
    """,
)

event = table(
    "event",
    """
    snapshot | <class> record | ro
    id | int | new
    timestamp | datetime | new
    class | string | new
    operation | enum event_operation | new
    ref | string | new
    obj_uuid | string | new
    """,
    """
    sync from(string set classes, string token, float timeout): an event batch
    sync get_current_id(): int
    sync inject(string class, string ref): string
    sync next(): event record set
    sync register(string set classes)
    sync unregister(string set classes)
    """,
    listed=False,
)

message = table(
    "message",
    """
    uuid | string | ro
    name | string | ro
    priority | int | ro
    cls | enum cls | ro
    obj_uuid | string | ro
    timestamp | datetime | ro
    body | string | ro
    """,
    """
    sync create(string name, int priority, enum cls cls, string obj_uuid, string body): message ref
    sync destroy(message ref self)
    destroy_all((string -> string) map filters)
    destroy_many(message ref set messages)
    sync get(enum cls cls, string obj_uuid, datetime since): (message ref -> message record) map
    sync get_all(): message ref set
    sync get_all_records(): (message ref -> message record) map
    sync get_all_records_where(string expr): (message ref -> message record) map
    sync get_by_uuid(string uuid): message ref
    sync get_record(message ref self): message record
    sync get_since(datetime since): (message ref -> message record) map
    """,
    listed=False,
)

blob = table(
    "blob",
    """
    uuid | string | ro
    name_label | string | rw | ""
    name_description | string | rw | ""
    size | int | ro
    public | bool | rw | false
    last_updated | datetime | new
    mime_type | string | new
    """,
    """
    sync create(string mime_type, bool public?): blob ref
    sync destroy(blob ref self)
    """,
)
