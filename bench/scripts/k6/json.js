import http from "k6/http";

const url = `${__ENV.SERVER}/json`;

export default function () {
  const { users, total } = http.get(url).json();
  if (users[0].id !== 1 || users[3].name !== "Jeremy" || total !== 12) {
    throw new Error("not the answer");
  }
}
