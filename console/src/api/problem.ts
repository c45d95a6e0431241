// An error of a request: what the API rejected, or that it could not be reached.
import type { components } from "./schema";

export type FieldError = components["schemas"]["ProblemError"] & { [name: string]: unknown };

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: FieldError[];
  /** The whole problem document, which may have more members, such as `customer_id`. */
  readonly body: Record<string, unknown>;

  constructor(status: number, code: string, body: Record<string, unknown> = {}) {
    super(typeof body.detail === "string" ? body.detail : "");
    this.status = status;
    this.code = typeof body.code === "string" ? body.code : code;
    this.errors = Array.isArray(body.errors) ? (body.errors as FieldError[]) : [];
    this.body = body;
  }
}
