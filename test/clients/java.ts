/** Java reads no proxy variables: the proxy is given by system properties. */
import { join } from 'node:path';
import { exec } from '../ship/exec.ts';
import type { Client } from './client.ts';
import { plainAndTls } from './http.ts';

export const javaClient: Client = {
  name: 'Java HttpClient',
  setting:
    '`-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=8080 -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=8080`, for example in `JAVA_TOOL_OPTIONS`',
  isSlow: true,
  version: ['java', '--version'],
  async prepare(stage) {
    const source = join(import.meta.dirname, 'programs', 'Http.java');
    await exec('javac', ['-d', stage.folder, source]);
    const store = join(stage.folder, 'trust.p12');
    const trust = `-storepass changeit -noprompt -alias test -file ${stage.facts.caFile}`.split(
      ' ',
    );
    await exec('keytool', ['-importcert', '-keystore', store, ...trust]);
    // The variables are there already: a script takes the port from them, as a hook would.
    const script =
      'a=${HTTPS_PROXY#http://}; h=${a%:*} p=${a#*:}; exec java -Dhttp.proxyHost=$h -Dhttp.proxyPort=$p -Dhttps.proxyHost=$h -Dhttps.proxyPort=$p "$@"';
    const properties = [
      `-Djavax.net.ssl.trustStore=${store}`,
      '-Djavax.net.ssl.trustStorePassword=changeit',
    ];
    const words = [...properties, '-cp', stage.folder, 'Http'];
    return plainAndTls(stage, (url) => ['sh', '-c', script, 'sh', ...words, url]);
  },
};
