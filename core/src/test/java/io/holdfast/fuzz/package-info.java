/**
 * The harness of the fuzz targets, which lie beside what they test in classes named {@code …Fuzz}. It knows no fuzzer:
 * {@code ./dev fuzz} runs the targets under Jazzer, the tests run them with {@link io.holdfast.fuzz.Mutator}.
 */
package io.holdfast.fuzz;
