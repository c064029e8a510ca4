// Knows how a server of this folder is told its port and resource, and how it says that it is there.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

/** Returns port and origin, and the MCP URL that tokens are for. */
export function options() {
    const { values } = parseArgs({ options: { port: { type: 'string' }, resource: { type: 'string' } } });
    return { port: Number(values.port), origin: `http://127.0.0.1:${values.port}`, resource: values.resource };
}

/** Prints the addresses as one JSON line, and ends the process with its standard input. */
export function untilStdinEnds(addresses) {
    process.stdout.write(`${JSON.stringify(addresses)}\n`);
    createInterface({ input: process.stdin }).on('close', () => process.exit(0));
}
