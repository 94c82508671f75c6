import { Counter, Gauge, Rate, Trend } from "runner/metrics";
import { equal, ok, throws } from "runner/test";

export function testFourKinds() {
  const orders = new Counter("orders", { unit: "orders" });
  orders.add();
  orders.add(2);
  orders.add(0.5, { shop: "a", floor: 2, open: true });
  const stock = new Gauge("stock");
  stock.add(7);
  stock.add(-3);
  const slow = new Rate("above_30_ms");
  slow.add(true);
  slow.add(false);
  slow.add(2);
  slow.add(0);
  const inLine = new Trend("in-line.time", { unit: "ms" });
  inLine.add(10);
  inLine.add(20, { shop: "a" });
  equal([orders.name, stock.name, slow.name, inLine.name], ["orders", "stock", "above_30_ms", "in-line.time"]);
  ok(orders instanceof Counter && !(orders instanceof Trend));
  equal(Counter.name, "Counter");
}

export function testTheSameMetricTwice() {
  new Counter("orders").add();
  new Counter("orders").add();
}

export function testKindsMustNotClash() {
  new Counter("orders");
  throws(() => new Trend("orders"), "TypeError", 'new Trend: metric "orders" is already a counter and cannot be a trend too');
  throws(() => new Counter("orders", { unit: "ms" }), "TypeError", 'already has the unit "1" and cannot have "ms" too');
}

export function testNamesThatCannotBe() {
  for (const name of ["", "1st", "a b", "a{b}", "a:b", "ä", "x".repeat(129), undefined, null, 5, {}]) {
    throws(() => new Counter(name), "TypeError", "new Counter takes a name of letters, digits, _, . and -");
  }
  throws(() => new Counter("http.requests", { unit: "requests" }), "TypeError", "http.requests is a metric of runner's own");
  throws(() => new Gauge("checks"), "TypeError", "checks is a metric of runner's own");
  throws(() => new Counter("x", { units: "ms" }), "TypeError", 'did you mean "unit"?');
  throws(() => new Counter("x", "ms"), "TypeError", "the options of new Counter must be an object");
}

export function testValuesThatCannotBe() {
  const orders = new Counter("orders");
  throws(() => orders.add(-1), "RangeError", "the counter orders only grows: -1 cannot be added");
  for (const wrong of [NaN, Infinity, "5", null, undefined, true, {}]) {
    throws(() => orders.add(wrong), "TypeError", "the counter orders takes a finite number, not");
  }
  const rate = new Rate("rate");
  for (const wrong of [NaN, "true", null, undefined]) {
    throws(() => rate.add(wrong), "TypeError", "the rate rate takes true, false or a finite number, not");
  }
  const trend = new Trend("trend");
  for (const wrong of [NaN, -Infinity, "5", true, undefined]) {
    throws(() => trend.add(wrong), "TypeError", "the trend trend takes a finite number, not");
  }
  throws(() => trend.add(5, "tag"), "TypeError", "the tags of trend must be an object");
}

export function testAddNeedsItsMetric() {
  const { add } = new Counter("orders");
  throws(() => add(1), "TypeError", "add must be called on a Counter");
  throws(() => add.call(new Trend("t"), 1), "TypeError", "add must be called on a Counter");
  throws(() => add.call({}, 1), "TypeError", "add must be called on a Counter");
}
