// SPDX-License-Identifier: Apache-2.0
// SQLite, in memory and in a file with a rollback journal.
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

static int print(void* unused, int count, char** values, char** names) {
  (void)unused;
  for (int i = 0; i < count; ++i) printf("%s=%s ", names[i], values[i] != NULL ? values[i] : "null");
  printf("\n");
  return 0;
}

static int run(sqlite3* database, const char* text) {
  char* error = NULL;
  int result = sqlite3_exec(database, text, print, NULL, &error);
  if (result != SQLITE_OK) printf("%s: %s\n", text, error);
  sqlite3_free(error);
  return result;
}

static int use(const char* path) {
  sqlite3* database = NULL;
  if (sqlite3_open(path, &database) != SQLITE_OK) {
    printf("open: %s\n", sqlite3_errmsg(database));
    return 1;
  }
  run(database, "create table if not exists city(name text primary key, people integer)");
  run(database, "begin");
  for (int i = 0; i < 2000; ++i) {
    char text[100];
    snprintf(text, sizeof(text), "insert into city values('city %d', %d)", i, i * 7919 % 1000003);
    if (run(database, text) != SQLITE_OK) return 1;
  }
  run(database, "commit");
  run(database, "begin");
  run(database, "delete from city");
  run(database, "rollback");
  run(database, "create index by_people on city(people)");
  run(database, "select count(*) as n, sum(people) as s from city");
  run(database, "select * from city order by people desc limit 3");
  run(database, "insert into city values('city 5', 1)");
  run(database, "pragma integrity_check");
  sqlite3_close(database);
  return 0;
}

int main(void) {
  if (use(":memory:") != 0) return 1;
  char path[100];
  snprintf(path, sizeof(path), "/tmp/adyton-sqlite-%d-test", (int)getpid());
  unlink(path);
  if (use(path) != 0) return 1;
  sqlite3* again = NULL;
  sqlite3_open(path, &again);
  run(again, "select count(*) as n from city where people > 500000");
  sqlite3_close(again);
  printf("removed %d\n", unlink(path));
  return 0;
}
