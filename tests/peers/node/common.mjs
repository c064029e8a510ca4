// What both sets of servers are made of. Knows how a server comes to a free loopback port and how it
// ends, what is served behind authorization, and how a resource server elsewhere reads JWT tokens.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { McpServer, OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import Provider, { errors } from 'oidc-provider';

export const SCOPES = ['mcp:read', 'mcp:write'];
const MINUTES = 60;

export async function listen() {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

/** A provider whose tokens are for `formats`: resource indicator (RFC 8707) to token format. */
export async function authorizationServer(issuer, formats, { features = {}, ...more } = {}) {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const key = { ...(await exportJWK(privateKey)), kid: 'peer', use: 'sig', alg: 'RS256' };
    return new Provider(issuer, {
        jwks: { keys: [key] },
        cookies: { keys: [randomBytes(32).toString('base64url')] },
        // A person of any name may sign in: the pages are the ones that come with the package.
        findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
        pkce: { required: () => true },
        issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
        ttl: {
            AccessToken: 10 * MINUTES,
            ClientCredentials: 10 * MINUTES,
            DeviceCode: 10 * MINUTES,
            Grant: 60 * MINUTES,
            Session: 60 * MINUTES,
            Interaction: 60 * MINUTES
        },
        features: {
            devInteractions: { enabled: true },
            registration: { enabled: true },
            revocation: { enabled: true },
            resourceIndicators: {
                enabled: true,
                getResourceServerInfo(_ctx, indicator) {
                    const accessTokenFormat = formats[indicator];
                    if (!accessTokenFormat) throw new errors.InvalidTarget();
                    return { scope: SCOPES.join(' '), audience: indicator, accessTokenFormat };
                }
            },
            ...features
        },
        ...more
    });
}

/** Reads a JWT access token (RFC 9068) by the published keys; the claims, or an error. */
export function tokenReader(issuer, audience) {
    const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
    return async token => {
        const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' }).catch(() => {
            throw new OAuthError(OAuthErrorCode.InvalidToken, 'the token is not one of ours');
        });
        return payload;
    };
}

export function mcpServer() {
    const server = new McpServer({ name: 'peer-oidc', version: '1.2.3' });
    const answer = text => ({ content: [{ type: 'text', text }] });
    server.registerTool('read_note', { description: 'Needs mcp:read' }, async () => answer('a note'));
    server.registerTool('write_note', { description: 'Needs mcp:write' }, async () => answer('written'));
    return server;
}

/** Says where everything is, and ends the program when its standard input ends. */
export async function serveUntilStdinEnds(addresses) {
    console.log(JSON.stringify(addresses));
    process.stdin.resume();
    await once(process.stdin, 'end');
    process.exit(0);
}
