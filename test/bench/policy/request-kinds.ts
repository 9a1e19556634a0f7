/**
 * What the measured bridge does: `bare` judges and records nothing, `whole` has policy, log and metrics, `reporting` what the
 * report and the page need besides, `looking` looks up its clients too: what a run does by default.
 */
export const requestKinds = ['bare', 'whole', 'reporting', 'looking'] as const;

export type RequestKind = (typeof requestKinds)[number];
