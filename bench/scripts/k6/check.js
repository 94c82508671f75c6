import { check } from "k6";
import http from "k6/http";

const url = `${__ENV.SERVER}/`;

export default function () {
  check(http.get(url), { "status is 200": (res) => res.status === 200 });
}
