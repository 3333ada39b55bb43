import fc from 'fast-check';

// One draw for everybody, so that a change is judged by what it changed; `SEED=` draws other values.
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 20) });

export default fc;
