/** The few words of GitHub's runner protocol that the action speaks: inputs, outputs, state, path, masks. */
import { appendFileSync } from 'node:fs';

/** @param {string} name @returns {string} the input's value, '' when it was not given */
export function input(name) {
  return (process.env[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`] ?? '').trim();
}

/** Appends to one of the files that the runner reads after the step (GITHUB_ENV, GITHUB_PATH …).
 * @param {string} variable @param {string} text */
export function append(variable, text) {
  const file = process.env[variable];
  if (!file) throw new Error(`${variable} is not set: this runs as a step of a GitHub job only`);
  appendFileSync(file, text.endsWith('\n') ? text : `${text}\n`);
}

/** @param {string} value never shown in the job's log from now on */
export function mask(value) {
  if (value !== '') process.stdout.write(`::add-mask::${value}\n`);
}

/** @param {unknown} error */
export function fail(error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stdout.write(
    `::error title=spacetail::${message.replaceAll('%', '%25').replaceAll('\n', '%0A')}\n`,
  );
  process.exitCode = 1;
}
