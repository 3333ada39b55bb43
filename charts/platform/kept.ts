import type { Construct } from 'constructs';
import { sizeOfVolumeProblems } from '../../constructs/stores/problems.ts';
import { refuse } from '../../imports/relations.ts';

/** What a part keeps for a time. Its chart takes any text; the program in it does not start on some, and deletes nothing on others. */
export interface Kept {
  readonly retention: string;
  readonly storage: string;
}

interface Form {
  readonly form: RegExp;
  readonly message: string;
}

/** Days alone: Loki deletes by them. */
export const DAYS: Form = {
  form: /^[1-9]\d*d$/,
  message: 'is no number of whole days, which Loki deletes by; write it like 7d',
};

/** @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#duration */
export const PROMETHEUS_TIME: Form = {
  form: /^(?=[1-9])(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?$/,
  message: 'is no time that Prometheus reads; write it like 15d',
};

/** @see https://pkg.go.dev/time#ParseDuration */
export const GO_TIME: Form = {
  form: /^(?=.*[1-9])(?:\d+(?:\.\d+)?h)?(?:\d+m)?(?:\d+s)?$/,
  message: 'is no time that Tempo reads, which has no days; write it like 72h',
};

/** Refuses a size that is none, and a time that the program does not read. */
export function refuseKept(scope: Construct, part: string, { retention, storage }: Kept, { form, message }: Form) {
  refuse(scope, [
    ...(form.test(retention) ? [] : [`${part}.retention: "${retention}" ${message}`]),
    ...sizeOfVolumeProblems(`${part}.storage`, storage),
  ]);
}
