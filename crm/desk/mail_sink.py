"""A mail server for trying Liaison out: takes every mail, delivers none, keeps each as a file.

`python -m crm.desk.mail_sink PORT FOLDER` listens on the loopback address.
"""

import asyncio
import sys
import time
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class Keep:
    """Writes each mail to a file and a line about it to standard output."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = message_from_bytes(content, policy=policy.default)
        path = self.folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09d}.eml"
        path.write_bytes(content)
        print(f"to {', '.join(envelope.rcpt_tos)}: {mail['subject']} ({path})", flush=True)
        return "250 OK"


async def listen(port: int, folder: Path) -> None:
    keep = Keep(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(keep, enable_SMTPUTF8=True), host="127.0.0.1", port=port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(listen(int(sys.argv[1]), Path(sys.argv[2])))
