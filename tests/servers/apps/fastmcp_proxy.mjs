// FastMCP for TypeScript as OAuth proxy: it registers clients itself and asks for consent, and sends
// every one of them to one upstream server, here the mock of another maker.
import { FastMCP, OAuthProvider } from 'fastmcp';
import { OAuth2Server } from 'oauth2-mock-server';

import { options, untilStdinEnds } from './common.mjs';

const { port, origin } = options();
const upstream = new OAuth2Server();
await upstream.issuer.keys.generate('RS256');
await upstream.start(0, '127.0.0.1');
const issuer = `http://127.0.0.1:${upstream.address().port}`;
upstream.issuer.url = issuer;

console.log = console.info = console.error;
const server = new FastMCP({
    name: 'resource',
    version: '1.2.3',
    auth: new OAuthProvider({
        baseUrl: origin,
        authorizationEndpoint: `${issuer}/authorize`,
        tokenEndpoint: `${issuer}/token`,
        clientId: 'upstream',
        clientSecret: 'a secret of two servers',
        consentRequired: true,
        scopes: ['openid', 'notes']
    })
});
server.addTool({ name: 'read_note', description: 'Reads the only note there is.', execute: async () => 'a note' });
await server.start({ transportType: 'httpStream', httpStream: { port, host: '127.0.0.1' } });
untilStdinEnds({ issuer: origin, url: `${origin}/mcp` });
