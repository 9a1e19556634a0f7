import os
import ssl
import sys

import httpx

trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
print(httpx.get(sys.argv[1], verify=trust, timeout=30).text)
