import t from 'tap';
import { SpacetailError } from '../src/errors.ts';

void t.test(
  'regression: an error that quotes control characters does not reach the terminal with them',
  async (t) => {
    const { message } = new SpacetailError(
      'config_invalid',
      'X: "\u001B[2J\u0000\u009B\r" is no rule\n\tbut this is',
    );
    t.equal(message, String.raw`X: "\u001b[2J\u0000\u009b\u000d" is no rule` + '\n\tbut this is');
  },
);
