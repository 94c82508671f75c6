import { check, group } from "runner/checks";
import { equal, ok, throws } from "runner/test";

const res = { status: 200, body: "hello" };

export function testAllHold() {
  equal(check(res, { "status is 200": (r) => r.status === 200, "has a body": (r) => r.body.length, "is so": true }), true);
}

export function testOneDoesNot() {
  equal(check(res, { "status is 201": (r) => r.status === 201, "has a body": (r) => r.body, "is not": false }), false);
  equal(check(res, { "status is 201": (r) => r.status === 201 }), false);
}

export function testNoneAreAskedFor() {
  equal(check(res, {}), true);
}

export function testOneThrows() {
  throws(() => check(res, {
    first: () => true,
    second: (r) => r.headers.type,
    third: () => true,
  }), "TypeError", "type");
}

export function testAPromiseIsNoAnswer() {
  throws(() => check(res, { async: async () => false }), "TypeError", 'the check "async" gave a promise');
}

export function testTags() {
  check(res, { named: true }, { name: "login", step: 2 });
  check(res, { named: false }, null);
  throws(() => check(res, { named: true }, "login"), "TypeError", "the tags of check must be an object");
}

export function testArgumentsThatCannotBe() {
  for (const wrong of [undefined, null, 5, "x", () => true, [() => true]]) {
    throws(() => check(res, wrong), "TypeError", "check takes a value and an object of predicates");
  }
  for (const args of [[], ["x"], [5, () => {}], ["", () => {}], ["x", "y"]]) {
    throws(() => group(...args), "TypeError", "group takes a name and a function");
  }
}

export function testGroups() {
  const got = group("shop", () => {
    check(res, { a: true });
    group("cart", () => check(res, { a: true }));
    check(res, { a: false });
    return "given";
  });
  equal(got, "given");
  check(res, { a: true });
}

export function testAGroupThatThrows() {
  throws(() => group("shop", () => { throw new RangeError("sold out"); }), "RangeError", "sold out");
  check(res, { a: true });
}

export async function testAsyncGroups() {
  const got = await group("shop", async () => {
    await null;
    check(res, { a: true });
    await group("cart", async () => {
      await null;
      check(res, { a: true });
    });
    check(res, { a: false });
    return 5;
  });
  equal(got, 5);
  check(res, { a: true });
  let caught = "";
  try {
    await group("shop", async () => { await null; throw new RangeError("sold out"); });
  } catch (e) {
    caught = e.message;
  }
  equal(caught, "sold out");
  check(res, { a: true });
}

export function bench() {
  return check(res, { "status is 200": (r) => r.status === 200 });
}

const table = { "status is 200": (r) => r.status === 200 };

export function benchHoisted() {
  return check(res, table);
}

export function benchNothing() {
  return ((r) => r.status === 200)(res);
}
