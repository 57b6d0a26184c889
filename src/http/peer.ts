/**
 * Who is at the other end of a client's connection: told by the socket once, for every request on it. The certificate is
 * looked at when somebody asks, and hashed once a connection.
 */
import { createHash, type X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { CertificateDetails, ClientCertificate } from '#core/index';
import { certificateDetails } from './certificate-details.ts';

export interface Peer {
	readonly address: string;
	readonly scheme: 'http' | 'https';
	/** Server name of the TLS handshake, lower-case; undefined without TLS or SNI. */
	readonly serverName: string | undefined;
	/**
	 * Whether the listener asks for client certificates. Such a connection carries requests for the host of its handshake
	 * only: another host might have been answered with another handshake (RFC 9110 §15.5.20).
	 */
	readonly isMutual: boolean;
	/** What the client presented in the handshake; undefined without TLS or certificate. */
	readonly clientCertificate: ClientCertificate | undefined;
}

/** `isMutual`: whether the listener asks for client certificates. */
export function peerOf(socket: Socket, isMutual: boolean): Peer {
	const address = plainAddress(socket.remoteAddress ?? '');
	if (!(socket instanceof TLSSocket)) return new SocketPeer(address, 'http', undefined, undefined);
	const name = 'servername' in socket && typeof socket.servername === 'string' ? socket.servername : '';
	return new SocketPeer(address, 'https', name === '' ? undefined : name.toLowerCase(), isMutual ? socket : undefined);
}

class SocketPeer implements Peer {
	readonly address: string;
	readonly scheme: 'http' | 'https';
	readonly serverName: string | undefined;
	/** Undefined where no certificate is asked for. */
	readonly #socket: TLSSocket | undefined;
	#certificate: ClientCertificate | undefined;
	#isKnown = false;

	constructor(
		address: string,
		scheme: 'http' | 'https',
		serverName: string | undefined,
		socket: TLSSocket | undefined,
	) {
		this.address = address;
		this.scheme = scheme;
		this.serverName = serverName;
		this.#socket = socket;
	}

	get isMutual(): boolean {
		return this.#socket !== undefined;
	}

	get clientCertificate(): ClientCertificate | undefined {
		if (!this.#isKnown) {
			this.#certificate = this.#socket === undefined ? undefined : readCertificate(this.#socket);
			this.#isKnown = true;
		}
		return this.#certificate;
	}
}

function readCertificate(socket: TLSSocket): ClientCertificate | undefined {
	const certificate = socket.getPeerX509Certificate();
	if (certificate === undefined) return undefined;
	return new PeerCertificate(certificate, socket.authorized);
}

class PeerCertificate implements ClientCertificate {
	readonly thumbprint: string;
	readonly isVouchedFor: boolean;
	readonly #certificate: X509Certificate;

	constructor(certificate: X509Certificate, isVouchedFor: boolean) {
		this.thumbprint = createHash('sha256').update(certificate.raw).digest('base64url');
		this.isVouchedFor = isVouchedFor;
		this.#certificate = certificate;
	}

	get details(): CertificateDetails | undefined {
		return certificateDetails(this.#certificate);
	}
}

/** An IPv4 address that a dual-stack socket shows as `::ffff:192.0.2.1` is that IPv4 address. */
function plainAddress(address: string): string {
	return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
