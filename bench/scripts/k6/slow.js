import http from "k6/http";

const url = `${__ENV.SERVER}/slow`;

export default function () {
  const res = http.get(url);
  if (res.status !== 200) {
    throw new Error(`status ${res.status}`);
  }
}
