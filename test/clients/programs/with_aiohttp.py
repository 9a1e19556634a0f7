import asyncio
import os
import ssl
import sys

import aiohttp


async def main():
    trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.get(sys.argv[1], ssl=trust) as response:
            print(await response.text())


asyncio.run(main())
