import { stripTypes } from '../strip-hooks.mjs';

export default { process: (source, file) => ({ code: stripTypes(source, file) }) };
