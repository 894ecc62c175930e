// What others wrote as JSON, and what is an object of it.
import { expect, test } from "vitest";
import { isObject, parseJson } from "../../shared/json-text.ts";

test("JSON is read from text and from bytes, and what is none is undefined", () => {
  expect(parseJson('{"a":[1,null]}')).toEqual({ a: [1, null] });
  expect(parseJson(new TextEncoder().encode('"ä"'))).toBe("ä");
  expect(parseJson("null")).toBeNull();
  for (const none of ["", "{", "undefined", "NaN", "{'a':1}", "1 2"]) expect(parseJson(none)).toBeUndefined();
});

test("an object is neither a list nor null", () => {
  expect(isObject(parseJson("{}"))).toBe(true);
  for (const other of ["[]", "null", '"a"', "1", "true"]) expect(isObject(parseJson(other))).toBe(false);
  expect(isObject(undefined)).toBe(false);
});
