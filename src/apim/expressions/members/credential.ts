/** Tokens, Basic credentials and certificates. */
import type { Run } from '../run/run.ts';
import { types } from '../types/type.ts';
import { ListValue } from '../values/collection.ts';
import type * as C from '../values/context.ts';
import { readBasic, readJwt } from '../values/jwt.ts';
import type { Out } from './signature.ts';
import type { MemberTable } from './table.ts';

export function addCredentialMembers(table: MemberTable): void {
	table.add('string', {
		'extension Jwt AsJwt()': (run: Run, text: string | null) => jwt(run, text),
		'extension bool TryParseJwt(out Jwt result)': (run: Run, text: string | null, out: Out) => {
			out.value = jwt(run, text);
			return out.value !== null;
		},
		'extension BasicAuthCredentials AsBasic()': (run: Run, text: string | null) => basic(run, text),
		'extension bool TryParseBasic(out BasicAuthCredentials result)': (run: Run, text: string | null, out: Out) => {
			out.value = basic(run, text);
			return out.value !== null;
		},
	});
	table.add('Jwt', {
		'string Algorithm': (_: Run, jwt: C.JwtObject) => jwt.algorithm,
		'string Type': (_: Run, jwt: C.JwtObject) => jwt.type,
		'string Id': (_: Run, jwt: C.JwtObject) => jwt.id,
		'string Issuer': (_: Run, jwt: C.JwtObject) => jwt.issuer,
		'string Subject': (_: Run, jwt: C.JwtObject) => jwt.subject,
		'IEnumerable<string> Audiences': (_: Run, jwt: C.JwtObject) =>
			new ListValue('array', types.string, [...jwt.audiences]),
		'DateTime? ExpirationTime': (_: Run, jwt: C.JwtObject) => jwt.expirationTime,
		'DateTime? NotBefore': (_: Run, jwt: C.JwtObject) => jwt.notBefore,
		'DateTime? IssuedAt': (_: Run, jwt: C.JwtObject) => jwt.issuedAt,
		'IReadOnlyDictionary<string, string[]> Claims': (_: Run, jwt: C.JwtObject) => jwt.claims,
	});
	table.add('BasicAuthCredentials', {
		'string UserId': (_: Run, basic: C.BasicObject) => basic.userId,
		'string Password': (_: Run, basic: C.BasicObject) => basic.password,
	});
	table.add('X509Certificate2', {
		'string Thumbprint': (_: Run, certificate: C.CertificateObject) => certificate.thumbprint,
		'string Subject': (_: Run, certificate: C.CertificateObject) => certificate.subject,
		'string Issuer': (_: Run, certificate: C.CertificateObject) => certificate.issuer,
		'string SerialNumber': (_: Run, certificate: C.CertificateObject) => certificate.serialNumber,
		'string GetSerialNumberString()': (_: Run, certificate: C.CertificateObject) => certificate.serialNumber,
		'string GetCertHashString()': (_: Run, certificate: C.CertificateObject) => certificate.thumbprint,
		'DateTime NotBefore': (_: Run, certificate: C.CertificateObject) => certificate.notBefore,
		'DateTime NotAfter': (_: Run, certificate: C.CertificateObject) => certificate.notAfter,
		'bool Verify()': (_: Run, certificate: C.CertificateObject) => certificate.isTrusted,
		'bool VerifyNoRevocation()': (_: Run, certificate: C.CertificateObject) => certificate.isTrusted,
	});
}

function jwt(run: Run, text: string | null): C.JwtObject | null {
	if (text === null) return null;
	run.look(text.length * 8);
	return readJwt(text);
}

function basic(run: Run, text: string | null): C.BasicObject | null {
	if (text === null) return null;
	run.look(text.length * 4);
	return readBasic(text);
}
