/** Exceptions of the language: what `catch` sees. Each has the name and, where policies show it, the message of .NET. */

export class ExceptionValue {
	readonly kind = 'exception';
	readonly name: string;
	readonly message: string;

	constructor(name: string, message: string) {
		this.name = name;
		this.message = message;
	}
}

/** Carries an exception through the evaluator. */
export class Thrown extends Error {
	readonly exception: ExceptionValue;

	constructor(exception: ExceptionValue) {
		super(exception.message);
		this.exception = exception;
	}
}

export function exception(name: string, message: string): Thrown {
	return new Thrown(new ExceptionValue(name, message));
}

export function nullReference(): Thrown {
	return exception('NullReferenceException', 'Object reference not set to an instance of an object.');
}

export function argumentNull(parameter: string): Thrown {
	return exception('ArgumentNullException', `Value cannot be null. (Parameter '${parameter}')`);
}

export function argumentRange(parameter: string): Thrown {
	return exception(
		'ArgumentOutOfRangeException',
		`Specified argument was out of the range of valid values. (Parameter '${parameter}')`,
	);
}

export function badFormat(what = 'Input string was not in a correct format.'): Thrown {
	return exception('FormatException', what);
}

export function overflow(): Thrown {
	return exception('OverflowException', 'Arithmetic operation resulted in an overflow.');
}

export function invalidOperation(message: string): Thrown {
	return exception('InvalidOperationException', message);
}

export function indexOutside(): Thrown {
	return exception('IndexOutOfRangeException', 'Index was outside the bounds of the array.');
}

export function keyNotFound(key: string): Thrown {
	return exception('KeyNotFoundException', `The given key '${key}' was not present in the dictionary.`);
}
