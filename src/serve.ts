/** The one place that wires dns, proxy, lifecycle and report: a plan becomes a running bridge. */
import { trustCertificateFiles } from './serve/certificates.ts';
import { secretsOf } from './config/secrets.ts';
import { runSupervisor } from './lifecycle/run/supervisor.ts';
import type { ProgressEvent } from './lifecycle/join/progress.ts';
import type { SupervisorEnd } from './lifecycle/run/supervisor-parts.ts';
import { createLogger, fdDestination, redactor } from './log.ts';
import { buildParts } from './serve/build-parts.ts';
import type { RunPlan } from './serve/run-plan.ts';

export type { RunPlan } from './serve/run-plan.ts';

export interface ServeOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Hears each step of `up`; the last event is `ready`, `failed` or `already`. */
  readonly report: (event: ProgressEvent) => void;
  /** Ends the run: a signal to the process, or an `up` that went away. */
  readonly stop: AbortSignal;
  /** Where the log goes: spacetail.log is stderr of a detached supervisor. */
  readonly logFd: number;
}

/**
 * Serves until the run ends: by `down`, a signal, the watchdog, or a failure to start.
 * @throws SpacetailError runtime_folder_unsafe and others before the run has begun
 */
export async function serve(plan: RunPlan, options: ServeOptions): Promise<SupervisorEnd> {
  const { config } = plan;
  trustCertificateFiles(options.env);
  const secrets = secretsOf(config, plan.credentials);
  const logger = createLogger({
    level: config.logLevel,
    destination: fdDestination(options.logFd),
    secrets,
  });
  const end = await runSupervisor(
    {
      settings: config,
      owner: plan.owner,
      before: plan.before,
      env: options.env,
      notices: config.notices,
      report(event) {
        logger.debug(event, 'progress');
        options.report(event);
      },
      stop: options.stop,
      redact: redactor(secrets),
    },
    (folder, core) =>
      buildParts(folder, plan, { logger, env: options.env, stop: options.stop, core }),
  );
  logger.info({ end: end.kind === 'ended' ? end.end : end.kind }, 'the run is over');
  return end;
}
