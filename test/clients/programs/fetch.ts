/** Node's own fetch; the proxy is NODE_USE_ENV_PROXY's affair. */
const [url = ''] = process.argv.slice(2);
console.log(await (await fetch(url)).text());
