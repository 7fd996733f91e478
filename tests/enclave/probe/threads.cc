// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <ctime>
#include <exception>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <pthread.h>

#include "probe.h"

namespace {

thread_local std::string name_of_thread = "fresh";

// Uses about `depth` KiB of stack, and throws from the bottom.
unsigned deep(unsigned depth, unsigned value) {
  volatile unsigned char frame[1000];
  for (auto& byte : frame) byte = static_cast<unsigned char>(value);
  if (depth == 0) throw std::runtime_error(std::to_string(value));
  const unsigned below = deep(depth - 1, value + 1);
  return below + frame[depth % 1000];
}

// threads COUNT DEPTH: at the same time, each with its own thread_local and an exception from deep down that is caught
// on another thread.
void run_threads(const Arguments& arguments) {
  const unsigned count = static_cast<unsigned>(std::stoul(arguments.at(0)));
  const unsigned depth = static_cast<unsigned>(std::stoul(arguments.at(1)));
  std::vector<std::exception_ptr> errors(count);
  std::vector<std::thread> threads;
  std::atomic<unsigned> running{0};
  for (unsigned i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      REQUIRE(name_of_thread == "fresh");
      name_of_thread = "thread number " + std::to_string(i) + " of many";
      ++running;
      while (running < count) std::this_thread::yield();
      try {
        deep(depth, i);
      } catch (...) {
        errors[i] = std::current_exception();
      }
      REQUIRE(name_of_thread == "thread number " + std::to_string(i) + " of many");
    });
  }
  for (auto& thread : threads) thread.join();
  for (unsigned i = 0; i < count; ++i) {
    try {
      std::rethrow_exception(errors[i]);
    } catch (const std::runtime_error& error) {
      REQUIRE(error.what() == std::to_string(i + depth));
    }
  }
  REQUIRE(name_of_thread == "fresh");
}

void run_come_and_go(const Arguments&) {
  std::atomic<int> sum{0};
  for (int i = 0; i < 1'000; ++i) std::thread([&] { ++sum; }).join();
  REQUIRE(sum == 1'000);
  // Detached ones: their stacks come back too.
  std::mutex mutex;
  std::condition_variable changed;
  int ended = 0;
  for (int i = 0; i < 200; ++i) {
    std::thread([&] {
      const std::lock_guard lock(mutex);
      ++ended;
      changed.notify_one();
    }).detach();
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return ended == i + 1; });
  }
}

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double wall_seconds() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void nap() {
  const timespec time{.tv_sec = 0, .tv_nsec = 100'000'000};
  nanosleep(&time, nullptr);
}

int slow_value() {
  nap();
  return 42;
}

// Waiting for a thread, a future, a local static or an atomic sleeps; it does not spin.
void run_waiting(const Arguments&) {
  const double cpu = cpu_seconds();
  const double wall = wall_seconds();
  std::thread(nap).join();
  REQUIRE(std::async(std::launch::async, slow_value).get() == 42);
  {
    auto first = [] {
      static const int value = slow_value();
      return value;
    };
    std::thread one([&] { REQUIRE(first() == 42); });
    std::thread two([&] { REQUIRE(first() == 42); });
    one.join();
    two.join();
  }
  {
    std::atomic<int> word{0};
    std::thread waker([&] {
      nap();
      word = 1;
      word.notify_all();
    });
    word.wait(0);
    waker.join();
  }
  {
    std::promise<int> promise;
    auto future = promise.get_future();
    REQUIRE(future.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
    promise.set_value(1);
    REQUIRE(future.get() == 1);
  }
  REQUIRE(cpu_seconds() - cpu < (wall_seconds() - wall) / 4);
}

void* wait_for_go(void* go) {
  static_cast<std::future<void>*>(go)->wait();
  return go;
}

timespec in_milliseconds(clockid_t clock, long milliseconds) {
  timespec time{};
  clock_gettime(clock, &time);
  const long nanoseconds = time.tv_nsec + milliseconds * 1'000'000;
  return {.tv_sec = time.tv_sec + nanoseconds / 1'000'000'000, .tv_nsec = nanoseconds % 1'000'000'000};
}

void run_joins(const Arguments&) {
  REQUIRE(pthread_join(pthread_self(), nullptr) == EDEADLK);
  std::promise<void> promise;
  auto go = promise.get_future();
  pthread_t thread{};
  REQUIRE(pthread_create(&thread, nullptr, wait_for_go, &go) == 0);
  REQUIRE(pthread_tryjoin_np(thread, nullptr) == EBUSY);
  timespec deadline = in_milliseconds(CLOCK_REALTIME, 30);
  REQUIRE(pthread_timedjoin_np(thread, nullptr, &deadline) == ETIMEDOUT);
  deadline = in_milliseconds(CLOCK_MONOTONIC, 30);
  REQUIRE(pthread_clockjoin_np(thread, nullptr, CLOCK_MONOTONIC, &deadline) == ETIMEDOUT);
  promise.set_value();
  void* result = nullptr;
  REQUIRE(pthread_join(thread, &result) == 0 && result == &go);

  // A stack of the caller's own.
  pthread_attr_t attributes;
  std::vector<std::max_align_t> stack((256 << 10) / sizeof(std::max_align_t));
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstack(&attributes, stack.data(), stack.size() * sizeof(std::max_align_t)) == 0);
  REQUIRE(pthread_create(&thread, &attributes, wait_for_go, &go) == 0);
  deadline = in_milliseconds(CLOCK_MONOTONIC, 60'000);
  REQUIRE(pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &deadline) == 0 && result == &go);
  pthread_attr_destroy(&attributes);
}

// stack_size BYTES: what a new thread gets unless it says otherwise.
void run_stack_size(const Arguments& arguments) {
  pthread_attr_t attributes;
  std::size_t size = 0;
  REQUIRE(pthread_getattr_default_np(&attributes) == 0 && pthread_attr_getstacksize(&attributes, &size) == 0);
  REQUIRE(size == std::stoull(arguments.at(0)));
  pthread_attr_destroy(&attributes);
}

// Runs off the main stack into its guard page.
void run_overflow(const Arguments&) { deep(1'000'000, 0); }

}  // namespace

const std::vector<Case> kThreadCases = {{"threads", run_threads},       {"come_and_go", run_come_and_go},
                                        {"waiting", run_waiting},       {"joins", run_joins},
                                        {"stack_size", run_stack_size}, {"overflow", run_overflow}};
