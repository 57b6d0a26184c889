/** The `Date` of a response (RFC 9110 §5.6.7), as every server of today writes it. */

const imfFixdate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/;

/**
 * Milliseconds since the epoch of an IMF-fixdate; undefined for anything else, for days and weekdays that do not exist,
 * and for the two obsolete forms, which nobody sends any more.
 */
export function parseHttpDate(text: string): number | undefined {
	if (!imfFixdate.test(text)) return undefined;
	const time = Date.parse(text);
	// Parsers repair 31 Feb and a wrong weekday; what does not come out as it went in was no date.
	return Number.isNaN(time) || new Date(time).toUTCString() !== text ? undefined : time;
}
