"""A real SMTP server (aiosmtpd) for stdlib/mail_test.lua. Writes what it receives as JSON lines to stdout.

usage: smtp_stand.py [--tls CERT KEY] [--auth] [--reply CODE] [--hang]
The first line that it prints is its port. It ends when its stdin is closed.
"""
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if "--hang" in sys.argv:
            print("hanging", flush=True)
            await asyncio.sleep(3600)
        if "--reply" in sys.argv:
            return sys.argv[sys.argv.index("--reply") + 1]
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = []
        for part in parsed.walk():
            if part.is_multipart():
                parts.append({"type": part.get_content_type()})
            else:
                body = part.get_payload(decode=True)
                parts.append({
                    "type": part.get_content_type(),
                    "cid": part["Content-ID"],
                    "disposition": part.get_content_disposition(),
                    "hex": body.hex(),
                })
        defects = [str(d) for p in parsed.walk() for d in p.defects]
        print(json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "peer_tls": session.ssl is not None,
            "login": session.auth_data.login.decode() if session.auth_data else None,
            "headers": {k: str(v) for k, v in parsed.items()}, "parts": parts, "defects": defects,
            "long_line": max(len(line) for line in envelope.content.split(b"\r\n")),
        }), flush=True)
        return "250 taken"


class Login(SMTP):
    pass


def authenticate(server, session, envelope, mechanism, data):
    if data.login == b"me" and data.password == b"correct horse":
        return AuthResult(success=True, auth_data=data)
    return AuthResult(success=False, handled=False)


async def main():
    options = {"hostname": "stand.test"}
    if "--tls" in sys.argv:
        at = sys.argv.index("--tls")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[at + 1], sys.argv[at + 2])
        options["tls_context"] = context
    if "--auth" in sys.argv:
        options.update(authenticator=authenticate, auth_required=True, auth_require_tls="--tls" in sys.argv)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Login(Handler(), loop=loop, **options), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    import os
    os._exit(0)


asyncio.run(main())
