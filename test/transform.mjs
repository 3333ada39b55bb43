import { stripTypes } from '../strip.mjs';

export default { process: (source, file) => ({ code: stripTypes(source, file) }) };
