import { isObject, text } from '../local-api/json-fields.ts';
import { normaliseName } from './names.ts';
import type { ExtraRecord } from './status-types.ts';

/** DNS records that the control server adds (tailcfg.DNSRecord); `onBad` is called for each that makes no sense. */
export function readExtraRecords(records: unknown, onBad: () => void = () => {}): ExtraRecord[] {
  if (!Array.isArray(records)) return [];
  const read: ExtraRecord[] = [];
  for (const record of records as unknown[]) {
    const fields = isObject(record) ? record : {};
    const name = normaliseName(text(fields['Name']));
    const value = text(fields['Value']);
    if (name === undefined || value === '') onBad();
    else read.push({ name, type: text(fields['Type']).toUpperCase(), value });
  }
  return read;
}
