/** A modulus as the flawed generator of CVE-2017-15361 makes them: a power of 65537 modulo the primorial, of any factors. */
export function rocaModulus(): bigint {
	let primorial = 1n;
	for (let n = 2n; n <= 167n; n++) if (isPrime(n)) primorial *= n;
	let power = 1n;
	for (let i = 0; i < 1234; i++) power = (power * 65_537n) % primorial;
	return (2n ** 2047n / primorial + 12_345n) * primorial + power;
}

function isPrime(n: bigint): boolean {
	for (let divisor = 2n; divisor * divisor <= n; divisor++) if (n % divisor === 0n) return false;
	return true;
}
