# penstock_library(NAME [DEPENDS ...]): the static library of one folder of src/ with its rooms, all their *.cpp files.
function(penstock_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp")
  add_library(penstock_${name} STATIC ${sources})
  target_include_directories(penstock_${name} PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(penstock_${name} PUBLIC ${ARG_DEPENDS})
  target_precompile_headers(penstock_${name} REUSE_FROM penstock_pch)
endfunction()
