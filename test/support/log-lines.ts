/** Lines of an access log as a test reads them: each request's is held against the published schema. */
import * as v from 'valibot';
import { accessLogLine } from '../../src/proxy/log/access-log-schema.ts';

export type LogLine = Record<string, unknown> & { host: string; status: number };

/** @throws where the line of a request is not what the schema says */
export function readLogLines(text: string): LogLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = JSON.parse(line) as LogLine;
      if (fields['msg'] === 'request' && fields['id'] !== undefined) v.parse(accessLogLine, fields);
      return fields;
    });
}
