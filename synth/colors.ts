import { createColors } from 'picocolors';

/** Only on a terminal: the library would also colour what a CI job writes into a file. */
export default createColors(process.stdout.isTTY === true && !process.env['NO_COLOR']);
