# penstock_embed_sql(TARGET): compiles sql/ and migrations/ into constants, so that the program needs no files beside it.
#
# sql/source/next_batch.sql      -> penstock::sql::source::next_batch       (std::string_view)
# migrations/source/001_x.sql    -> an entry of penstock::sql::source_migrations()
function(penstock_embed_sql target)
  file(GLOB files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/sql/*/*.sql" "${CMAKE_SOURCE_DIR}/migrations/*/*.sql")
  set(generated "${CMAKE_BINARY_DIR}/generated/sql")
  add_custom_command(
    OUTPUT "${generated}/embedded_sql.hpp" "${generated}/embedded_sql.cpp"
    COMMAND ${CMAKE_COMMAND} -DROOT=${CMAKE_SOURCE_DIR} -DOUT=${generated} -P "${CMAKE_SOURCE_DIR}/cmake/embed_sql_files.cmake"
    DEPENDS ${files} "${CMAKE_SOURCE_DIR}/cmake/embed_sql_files.cmake"
    COMMENT "Embedding SQL" VERBATIM)
  add_library(${target} STATIC "${generated}/embedded_sql.cpp" "${generated}/embedded_sql.hpp")
  target_include_directories(${target} PUBLIC "${CMAKE_BINARY_DIR}/generated")
endfunction()
