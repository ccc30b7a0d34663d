// Parses the AsyncAPI document named on the command line; prints what is wrong, exits 1 on any error.
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'));
const errors = diagnostics.filter(({ severity }) => severity === 0);
for (const { path, message } of errors) console.error(`${path.join('.')}: ${message}`);
process.exit(document && errors.length === 0 ? 0 : 1);
