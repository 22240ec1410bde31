#include "harness/scratch.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <random>

#include "harness/session.hpp"
#include "support/broker.hpp"

namespace penstock::bench {

Scratch::Scratch(std::string kafka, const std::string& use)
    : kafka_(std::move(kafka)), token_("bench" + std::to_string(std::random_device{}()) + use) {
  directory_ = (std::filesystem::temp_directory_path() / ("penstock-" + token_)).string();
  std::filesystem::create_directories(directory_);
}

Scratch::~Scratch() try {
  for (const auto& [server, database] : databases_) {
    Session(server).run("drop database if exists " + database + " with (force)");
  }
  std::filesystem::remove_all(directory_);
  const test::Broker broker(kafka_);
  broker.delete_topics(broker.topics_with_prefix(token_));
} catch (const std::exception& error) {
  std::cerr << "cleaning up: " << error.what() << "\n";
}

std::string Scratch::make_database(const std::string& server, const std::string& name) {
  const std::string database = token_ + "_" + name;
  Session(server).run("create database " + database);
  databases_.emplace_back(server, database);
  return server.substr(0, server.rfind('/') + 1) + database;
}

Place Scratch::make_place(const std::string& server_a, const std::string& server_b, const std::string& name) {
  std::string unique = name + "_" + std::to_string(++places_);
  std::replace(unique.begin(), unique.end(), '-', '_');  // it also names slots, which may hold no dash
  Place place{.dsn_a = make_database(server_a, unique),
              .dsn_b = make_database(server_b, unique),
              .kafka = kafka_,
              .topic_prefix = token_ + "_" + unique,
              .directory = make_directory(unique)};
  for (const std::string& dsn : {place.dsn_a, place.dsn_b}) Session(dsn).run(sql_file("employee"));
  return place;
}

std::string Scratch::make_directory(const std::string& name) const {
  const std::string directory = directory_ + "/" + name;
  std::filesystem::create_directories(directory);
  return directory;
}

}  // namespace penstock::bench
