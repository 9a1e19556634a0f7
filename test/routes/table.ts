import { answerCases } from './cases/answers.ts';
import { anyProgramCases } from './cases/any-program.ts';
import { connectCases } from './cases/connect.ts';
import { faultCases } from './cases/faults.ts';
import { requestCases } from './cases/requests.ts';
import { reverseProxyCases } from './cases/reverse-proxy.ts';
import { socks5Cases } from './cases/socks5.ts';
import { upgradeCases } from './cases/upgrades.ts';
import type { WireCase } from './wire-case.ts';

export const table: readonly WireCase[] = [
  ...connectCases,
  ...socks5Cases,
  ...requestCases,
  ...answerCases,
  ...upgradeCases,
  ...faultCases,
  ...reverseProxyCases,
  ...anyProgramCases,
];
