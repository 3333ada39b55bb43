import type { MiddlewareSpec } from '../imports/custom.ts';
import type { IngressProps } from './ingress.ts';
import { amountOf } from './sizes.ts';

export interface RateLimit {
  readonly average: number;
  /** What `average` counts over. @default 1s */
  readonly period?: string;
  /** Requests at once. @default - a tenth of the average, at least 1 */
  readonly burst?: number;
  /** Trusted proxies before the ingress controller; each adds an address to X-Forwarded-For. @default 0: the connection's address counts */
  readonly proxies?: number;
}

export interface Cors {
  /** `https://app.example.com`, or `*`. */
  readonly origins: readonly string[];
  /** @default GET, HEAD, POST, PUT, PATCH, DELETE */
  readonly methods?: readonly string[];
  /** @default Authorization, Content-Type */
  readonly headers?: readonly string[];
  /** Lets pages send cookies. @default false */
  readonly credentials?: boolean;
}

/** In the order requests pass them; a refused request still gets the headers, or its page could not read why. */
export function middlewaresOf(props: IngressProps, stripped: readonly string[]): Record<string, MiddlewareSpec> {
  const { rateLimit, bodyLimit } = props;
  return {
    headers: { headers: headersOf(props) },
    ...(rateLimit && { 'rate-limit': { rateLimit: rateLimitOf(rateLimit) } }),
    ...(bodyLimit && { 'body-limit': { buffering: { maxRequestBodyBytes: amountOf(bodyLimit) } } }),
    ...(stripped.length && { 'strip-prefix': { stripPrefix: { prefixes: [...stripped] } } }),
  };
}

/** @see https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html */
function headersOf({ cors, headers = {} }: IngressProps): MiddlewareSpec['headers'] {
  return {
    stsSeconds: 31536000,
    contentTypeNosniff: true,
    frameDeny: true,
    referrerPolicy: 'strict-origin-when-cross-origin',
    ...(Object.keys(headers).length && { customResponseHeaders: { ...headers } }),
    ...(cors && {
      accessControlAllowOriginList: [...cors.origins],
      accessControlAllowMethods: [...(cors.methods ?? ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])],
      accessControlAllowHeaders: [...(cors.headers ?? ['Authorization', 'Content-Type'])],
      accessControlAllowCredentials: cors.credentials ?? false,
      accessControlMaxAge: 600,
      addVaryHeader: true,
    }),
  };
}

function rateLimitOf({ average, period = '1s', proxies = 0, ...limit }: RateLimit): MiddlewareSpec['rateLimit'] {
  const { burst = Math.max(1, Math.floor(average / 10)) } = limit;
  return { average, period, burst, sourceCriterion: { ipStrategy: { depth: proxies } } };
}

const isDuration = (value: string) => /^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value);

export function middlewareProblems({ rateLimit, bodyLimit, cors, timeout }: IngressProps): string[] {
  const found: string[] = [];
  if (bodyLimit !== undefined && !Number.isInteger(amountOf(bodyLimit))) {
    found.push(`bodyLimit: "${bodyLimit}" is not a number of bytes; write it like 10Mi`);
  }
  for (const [field, value] of Object.entries({ timeout, 'rateLimit.period': rateLimit?.period })) {
    if (value !== undefined && !isDuration(value))
      found.push(`${field}: "${value}" is not a duration; write it like 30s`);
  }
  const { average = 1, burst = 1, proxies = 0 } = rateLimit ?? {};
  for (const [field, value, least] of [
    ['average', average, 1],
    ['burst', burst, 1],
    ['proxies', proxies, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least) {
      found.push(`rateLimit.${field}: ${value} has to be a whole number from ${least}; correct it`);
    }
  }
  if (cors?.credentials && cors.origins.includes('*')) {
    found.push('cors: origin * with credentials, browsers refuse that; name the origins');
  }
  for (const origin of cors?.origins ?? []) {
    if (origin !== '*' && !/^https?:\/\/[^/\s]+$/.test(origin)) {
      found.push(`cors.origins: "${origin}" is not an origin; write it like https://app.example.com`);
    }
  }
  return found;
}
