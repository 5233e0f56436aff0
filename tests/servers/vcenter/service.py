"""Service: the methods that clients call, each in its session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from servers.vcenter.estate import add_estate
from servers.vcenter.inventory import Inventory, complete
from servers.vcenter.machines import Machines
from servers.vcenter.messages import Request
from servers.vcenter.sdk import vim, vmodl
from servers.vcenter.search import Search
from servers.vcenter.sessions import DEFAULT, Session, Sessions, not_authenticated
from servers.vcenter.tasks import Tasks
from servers.vcenter.views import Views

__all__ = ["WSDL", "VCenter"]

RELEASE = "8.0.3.0"

WSDL = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<namespaces version="1.0"><namespace><name>urn:vim25</name>'
    f"<version>{RELEASE}</version><priorVersions><version>7.0</version><version>6.5</version></priorVersions>"
    "</namespace></namespaces>"
)
"""The document of the API's versions."""

OPEN = ("RetrieveServiceContent", "Login", "CurrentTime")
"""The methods that need no session."""


class VCenter:
    """A vCenter: its inventory, and the methods by name."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.inventory = Inventory()
        self.tasks = Tasks(self.inventory, options["task_time"])
        self.machines = Machines(self.inventory, self.tasks, options["guest_time"])
        self.views = Views(self.inventory)
        self.sessions = Sessions(self.inventory, self.views, options["page"], options["updates"])
        self.calls: Counter[str] = Counter()
        self.root = add_estate(self.inventory, self.machines, options["uuid"], options["vms"], options["hosts"])
        self._credentials = options["user"], options["password"]
        self._content = self._service_content(options["uuid"])
        self.inventory.add(vim.ServiceInstance("ServiceInstance"), content=self._content, serverClock=datetime.now(UTC))
        self._search = Search(self.inventory, self.root).methods()
        self._entity_methods = {**self.machines.methods(), "CancelTask": lambda task: self.tasks.cancel(task.ref)}
        self._session_methods: Mapping[str, Callable[[Session, Any, Mapping[str, Any]], Any]] = {
            "Logout": lambda session, _, __: self.sessions.end(session),
            "CreateContainerView": self._create_view,
            "DestroyView": lambda session, view, _: self._destroy_view(session, view),
            "CreatePropertyCollector": lambda session, _, __: session.create_collector(),
            "DestroyPropertyCollector": lambda session, this, _: session.destroy_collector(this),
            "CreateFilter": self._create_filter,
            "DestroyPropertyFilter": lambda session, this, _: session.destroy_filter(this),
            "RetrieveProperties": self._retrieve_all,
            "RetrievePropertiesEx": self._retrieve,
            "ContinueRetrievePropertiesEx": lambda session, this, given: session.collector(this).continued(
                given["token"]
            ),
            "CancelRetrievePropertiesEx": lambda session, this, given: session.collector(this).forget(given["token"]),
            "WaitForUpdates": self._wait,
            "WaitForUpdatesEx": self._wait,
            "CancelWaitForUpdates": lambda session, this, _: session.collector(this).cancel(),
        }

    def answer(self, request: Request, cookie: str) -> tuple[Any, str | None]:
        """The result of a request, and the cookie of a new session. Raises the SDK's faults."""
        with self.inventory.lock:
            self.calls[request.method] += 1
            session = self.sessions.all.get(cookie)
            if request.method not in OPEN and session is None:
                raise not_authenticated(request.this)
            if request.method == "Login":
                begun = self._log_in(**request.arguments)
                return self._user_session(begun), begun.cookie
            return self._call(session, request), None

    def _call(self, session: Any, request: Request) -> Any:
        name, this, arguments = request.method, request.this, request.arguments
        if name == "RetrieveServiceContent":
            return self._content
        if name == "Fetch":
            return self.inventory.find(this).read(arguments["prop"])
        if name == "CurrentTime":
            return datetime.now(UTC)
        if name in self._session_methods:
            return self._session_methods[name](session, this, arguments)
        if name in self._search:
            return self._search[name](this, **arguments)
        if name in self._entity_methods:
            return self._entity_methods[name](self.inventory.find(this), **arguments)
        raise vmodl.fault.NotSupported(msg=f"this server has no {name}")

    def _log_in(self, userName: str, password: str, locale: str | None = None) -> Session:  # noqa: N803
        if (userName, password) != self._credentials:
            raise vim.fault.InvalidLogin(msg="Cannot complete login due to an incorrect user name or password.")
        return self.sessions.begin()

    def _user_session(self, session: Session) -> Any:
        now = datetime.now(UTC)
        user = self._credentials[0]
        return complete(vim.UserSession, key=session.key, userName=user, loginTime=now, lastActiveTime=now)

    def _create_view(self, session: Session, _: Any, given: Mapping[str, Any]) -> Any:
        id = session.new_id("view")
        session.views.add(id)
        return self.views.create(id, given["container"], given.get("type") or (), given["recursive"])

    def _destroy_view(self, session: Session, view: Any) -> None:
        self.inventory.find(view)
        session.views.discard(view._moId)
        self.views.destroy(view._moId)

    def _create_filter(self, session: Session, this: Any, given: Mapping[str, Any]) -> Any:
        collector = session.collector(this)
        ref = vmodl.query.PropertyCollector.Filter(session.new_id("filter"))
        return collector.create_filter(ref, given["spec"]).ref

    def _retrieve_all(self, session: Session, this: Any, given: Mapping[str, Any]) -> Any:
        """PropertyCollector.RetrieveProperties: all objects at once."""
        collector = session.collector(this)
        return collector.whole(collector.contents(given["specSet"]))

    def _retrieve(self, session: Session, this: Any, given: Mapping[str, Any]) -> Any:
        collector = session.collector(this)
        return collector.retrieve(collector.contents(given["specSet"]), given["options"].maxObjects)

    def _continue(self, session: Session, this: Any, given: Mapping[str, Any]) -> Any:
        return session.collector(this).continued(given["token"])

    def _wait(self, session: Session, this: Any, given: Mapping[str, Any]) -> Any:
        options = given.get("options") or vmodl.query.PropertyCollector.WaitOptions()
        collector = session.collector(this)
        return collector.wait(given.get("version") or "", options.maxWaitSeconds, options.maxObjectUpdates)

    def _service_content(self, uuid: str) -> Any:
        about = complete(
            vim.AboutInfo,
            name="VMware vCenter Server",
            fullName="hvlib's test vCenter 8.0.3",
            vendor="hvlib",
            version="8.0.3",
            apiType="VirtualCenter",
            apiVersion=RELEASE,
            instanceUuid=uuid,
        )
        return vim.ServiceInstanceContent(
            rootFolder=self.root.ref,
            propertyCollector=DEFAULT,
            viewManager=vim.view.ViewManager("ViewManager"),
            about=about,
            sessionManager=vim.SessionManager("SessionManager"),
            searchIndex=vim.SearchIndex("SearchIndex"),
            taskManager=self.tasks.manager.ref,
        )
