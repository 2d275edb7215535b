"""What people do with their pictures: favourites, and boards that pictures are put on."""
