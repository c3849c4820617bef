//! The interface layer against small models.

mod cache_model;
