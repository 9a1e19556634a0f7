import t from 'tap';
import { childEnvironment } from '../../../src/lifecycle/tailscaled/child-environment.ts';

void t.test(
  'what tailscaled must know of where it runs gets through, and its switches',
  async (t) => {
    const passed = {
      AWS_LAMBDA_FUNCTION_NAME: 'f',
      AWS_LAMBDA_FUNCTION_VERSION: '1',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001',
      APPSVC_RUN_ZIP: '1',
      WEBSITE_STACK: 'node',
      WEBSITE_AUTH_AUTO_AAD: 'false',
      TS_DEBUG_MTU: '1280',
      TS_NETSTACK_KEEPALIVE_IDLE: '10s',
      TS_TUN_DISABLE_UDP_GRO: '1',
      TS_SSH_DISABLE_PTY: '1',
      TS_PORTLIST: 'false',
      TS_LOGS_DIR: '/x',
      SSL_CERT_FILE: '/ca.pem',
      NODE_USE_SYSTEM_CA: '1',
    };
    t.same(childEnvironment(passed), passed);
  },
);

void t.test('neither a secret nor a proxy gets through', async (t) => {
  const kept = {
    TS_AUTHKEY: 'x',
    TS_AUTH_KEY: 'x',
    TS_OAUTH_CLIENT_SECRET: 'x',
    TS_ID_TOKEN: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_LAMBDA_SECRET: 'x',
    HTTPS_PROXY: 'http://127.0.0.1:8080',
    TS_DEBUG_SECRET: 'x',
  };
  t.same(childEnvironment(kept), {});
});
