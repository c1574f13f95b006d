"""Whole messages over a socket, without ever waiting for the other side."""

import struct
from socket import socket
from typing import Final, final

_HEADER: Final = struct.Struct("!Q")
_CHUNK_BYTES: Final = 2**16


@final
class Channel:
    """One end of a pair of sockets; the other one is such an end, too.

    On a socket that does not block, nothing here blocks: half a message waits in here
    for its other half, both on its way out and on its way in. On one that does block,
    messages go out and come in whole.

    Args:
        end: a connected socket of bytes in order, which belongs to the channel now.
    """

    def __init__(self, end: socket) -> None:
        self._socket = end
        self._outgoing = bytearray()
        self._incoming = bytearray()

    def fileno(self) -> int:
        """Return the socket's number, for a selector."""
        return self._socket.fileno()

    @property
    def has_more_to_send(self) -> bool:
        """Whether some of what was put has not gone out yet."""
        return bool(self._outgoing)

    def put(self, message: bytes) -> None:
        """Send a message, as much of it as goes out at once.

        Raises:
            OSError: the other end is closed.
        """
        self._outgoing += _HEADER.pack(len(message)) + message
        self.flush()

    def flush(self) -> None:
        """Send more of what was put.

        Raises:
            OSError: the other end is closed.
        """
        while self._outgoing:
            try:
                num_sent = self._socket.send(self._outgoing)
            except BlockingIOError:
                return
            del self._outgoing[:num_sent]

    def receive(self) -> bytes | None:
        """Return the next message, None if it is not here yet.

        Raises:
            EOFError: the other end is closed, and no whole message is left.
            OSError: likewise.
        """
        while True:
            if len(self._incoming) >= _HEADER.size:
                (length,) = _HEADER.unpack_from(self._incoming)
                end = _HEADER.size + length
                if len(self._incoming) >= end:
                    message = bytes(self._incoming[_HEADER.size : end])
                    del self._incoming[:end]
                    return message
            try:
                came = self._socket.recv(_CHUNK_BYTES)
            except BlockingIOError:
                return None
            if not came:
                raise EOFError
            self._incoming += came

    def close(self) -> None:
        """Close this end, more than once if need be."""
        self._socket.close()
