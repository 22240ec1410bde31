# Compiler flags for every target of the project, and the compiler cache.

# RelWithDebInfo keeps -O2 and asserts of ours; NDEBUG only silences assert() of libraries.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fpch-preprocess)
  # Coroutine frames of GCC 12 set this off inside Boost.Asio's own headers.
  add_compile_options(-Wno-mismatched-new-delete)
  # And these inside std::string's operator+.
  add_compile_options(-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # Line tables are enough for stack traces and profiles; full debug information doubles the build's time.
  string(REPLACE "-g" "-g1" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
endif()

if(PENSTOCK_SANITIZE)
  add_compile_options(-fsanitize=${PENSTOCK_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${PENSTOCK_SANITIZE})
  if(PENSTOCK_SANITIZE MATCHES "fuzzer")
    add_compile_options(-fno-sanitize=function) # Clang 14 cannot do it to coroutines
  endif()
  if(PENSTOCK_SANITIZE MATCHES "thread")
    add_compile_options(-Wno-tsan) # Boost.Asio uses atomic_thread_fence, which TSan cannot see through
  endif()
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # The sloppiness is what ccache asks for with GCC's precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env
      "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
      "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()
