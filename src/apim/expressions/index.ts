/** Expressions of policies of Azure API Management: a C# subset, compiled once, evaluated within bounds. */
export type { ExpressionFacts } from './bind/facts.ts';
export {
	type CompiledExpression,
	compileExpression,
	type Evaluation,
	type ExpressionProblem,
	type ExpressionSource,
} from './compile.ts';
export { type Budget, defaultBudget } from './run/run.ts';
export type * from './values/context.ts';
export { DateTimeValue, fromUnixMilliseconds, GuidValue, TimeSpanValue } from './values/date-time.ts';
export { jwtObject, readJwt } from './values/jwt.ts';
export { textOf } from './values/text.ts';
export { typeOf, type Value as PolicyValue } from './values/value.ts';
