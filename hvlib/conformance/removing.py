"""Removing: objects that trials have left behind."""

from __future__ import annotations

from contextlib import suppress

from hvlib.conformance.acting import Acting
from hvlib.conformance.world import Object
from hvlib.model import actions
from hvlib.model.errors import NotFound
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Image

__all__ = ["Remover"]


class Remover:
    """Deletes objects of a site that may go meanwhile: an undo whose reply was lost may still be carried out."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        self._provider = acting.provider

    def remove(self, object: Object) -> None:
        """Delete an object, if it still exists."""
        if object.kind == VM.kind:
            return self._remove_vm(object.id)
        if object.kind == Image.kind and not self._acting.declares(Image, actions.Delete):
            return self._acting.remove_image(object.id)
        with suppress(NotFound):
            self._acting.remove(self._provider.collection(object.kind).get(Ref(self._provider.about.uuid, *object)))
        return None

    def _remove_vm(self, id: str) -> None:
        try:
            self._acting.site.delete_vm(id)
        except Exception:
            if id in self._acting.site.truth(VM):
                raise
