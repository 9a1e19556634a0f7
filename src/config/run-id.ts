/** What tells a run of Spacelift's from another; `undefined` outside Spacelift. */
export function spaceliftRunId(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return env['TF_VAR_spacelift_run_id'] || env['SPACELIFT_RUN_ID'] || undefined;
}
