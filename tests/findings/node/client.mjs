// The MCP TypeScript SDK's client on a network of JSON lines: what it fetches is asked for on stdout,
// and answered on stdin. Knows the SDK's documented use; must not know what is wrong with a server.
import { createInterface } from 'node:readline';

import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
let turn = Promise.resolve();

/** Says something and waits for what is said to it; one after the other. */
function ask(said) {
    const answered = turn.then(async () => {
        console.log(JSON.stringify(said));
        const { value, done } = await lines.next();
        if (done) process.exit(0);
        return JSON.parse(value);
    });
    turn = answered.catch(() => {});
    return answered;
}

async function fetchFn(input, init = {}) {
    const request = new Request(input, init);
    const body = request.body ? await request.text() : '';
    const headers = [...request.headers];
    const { error, status, headers: got, body: text } = await ask({
        fetch: { method: request.method, url: String(input), headers, body }
    });
    if (error) throw new TypeError(`fetch failed: ${error}`);
    const empty = [204, 304].includes(status) || (status === 202 && !text);
    return new Response(empty ? null : text, { status, headers: got });
}

/** A program that keeps all in memory and shows the person no page. */
function person() {
    const kept = {};
    return {
        kept,
        redirectUrl: 'http://127.0.0.1:4321/callback',
        clientMetadata: {
            client_name: 'yardstick',
            redirect_uris: ['http://127.0.0.1:4321/callback'],
            grant_types: ['authorization_code', 'refresh_token'],
            response_types: ['code'],
            token_endpoint_auth_method: 'none'
        },
        state: () => 'a-state-of-the-yardstick',
        clientInformation: () => kept.client,
        saveClientInformation: client => void (kept.client = client),
        tokens: () => kept.tokens,
        saveTokens: tokens => void (kept.tokens = tokens),
        redirectToAuthorization: url => void (kept.url = String(url)),
        saveCodeVerifier: verifier => void (kept.verifier = verifier),
        codeVerifier: () => kept.verifier
    };
}

async function connected(url, provider, options) {
    const client = new Client({ name: 'yardstick', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider, fetch: fetchFn });
    try {
        await client.connect(transport, options);
        await client.listTools(undefined, options);
    } catch (error) {
        return { transport, error };
    }
    return { transport };
}

/**
 * Connects, and signs in as often as the server asks for it, at most three times.
 * A request may take so many milliseconds; without a number as long as the SDK lets it.
 */
async function signedIn(url, timeout) {
    const provider = person();
    for (let sign_ins = 0; ; sign_ins += 1) {
        provider.kept.url = undefined;
        const { transport, error } = await connected(url, provider, { timeout });
        if (!error) return '';
        if (!(error instanceof UnauthorizedError) || !provider.kept.url || sign_ins === 3) throw error;
        const { callback } = await ask({ browse: provider.kept.url });
        await transport.finishAuth(new URLSearchParams(callback));
    }
}

for (let job = await ask({ ready: true }); ; ) {
    let stopped;
    try {
        stopped = await signedIn(job.url, job.timeout);
    } catch (error) {
        stopped = `${error.name}: ${error.message}` || 'an error';
    }
    job = await ask({ stopped });
}
