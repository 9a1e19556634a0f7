/** undici with its agent that reads the proxy variables. */
import { EnvHttpProxyAgent, request } from 'undici';

const [url = ''] = process.argv.slice(2);
const dispatcher = new EnvHttpProxyAgent();
console.log(await (await request(url, { dispatcher })).body.text());
await dispatcher.close();
