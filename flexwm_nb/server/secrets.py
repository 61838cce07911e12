"""Secret values at rest: encrypted with a key that lies beside the store, readable by its owner alone."""

from __future__ import annotations

import base64
import hmac
import os
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from flexwm_nb.errors import StoreCorrupt, StoreUnwritable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FILE = "secret.key"
KEY = 32  # bytes
NONCE = 12  # bytes
PRIVATE = 0o600


class Secrets:
    """Encrypts and decrypts with the store's key. The key is made with the first secret."""

    def __init__(self, store: Path) -> None:
        """Use the key in this directory."""
        self._file = store / FILE
        self._making = threading.Lock()  # the loop and the writer both encrypt; a second key would lose the first

    def encrypt(self, text: str) -> str:
        """The text as it may be stored. Raises StoreUnwritable when the key cannot be made."""
        nonce = os.urandom(NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), None)).decode()

    def decrypt(self, text: str) -> str:
        """What was encrypted. Raises ValueError when the text is not of this store's key."""
        from cryptography.exceptions import InvalidTag

        raw = base64.b64decode(text, validate=True)
        try:
            return self._cipher.decrypt(raw[:NONCE], raw[NONCE:], None).decode()
        except InvalidTag:
            raise ValueError("the value was not encrypted with this store's key") from None

    def derive(self, purpose: str) -> bytes:
        """A key for one purpose that tells nothing of the store's own. Raises StoreUnwritable."""
        return hmac.digest(self._own_key, purpose.encode(), "sha256")

    @cached_property
    def _own_key(self) -> bytes:
        return self._key()

    @cached_property
    def _cipher(self) -> AESGCM:
        """The cipher; its library takes 9 MB, so an engine without secrets does not load it."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._own_key)

    def _key(self) -> bytes:
        """The key, made when there is none yet."""
        try:
            with self._making:
                return self._read() if self._file.exists() else self._make()
        except OSError as error:
            raise StoreUnwritable(why=f"the key of its secrets: {error}", path=str(self._file)) from error

    def _make(self) -> bytes:
        """A new key, on the disk before anything is encrypted with it."""
        key = os.urandom(KEY)
        draft = self._file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._file)
        self._sync_folder()
        return key

    def _sync_folder(self) -> None:
        """Make the key's name last."""
        descriptor = os.open(self._file.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _read(self) -> bytes:
        """The key that is there."""
        key = self._file.read_bytes()
        if len(key) != KEY:
            raise StoreCorrupt(why=f"the key of its secrets has {len(key)} bytes, not {KEY}", path=str(self._file))
        return key
