//! The routes of the API, as metrics tell them apart.

/// A route. Whatever strangers send, there are no more of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// `POST /uploads`
    CreateUpload,
    /// `GET /uploads/{id}`
    ShowUpload,
    /// `DELETE /uploads/{id}`
    CancelUpload,
    /// `POST /uploads/{id}/parts/sign`
    SignParts,
    /// `POST /uploads/{id}/parts`
    ReportParts,
    /// `POST /uploads/{id}/complete`
    CompleteUpload,
    /// `GET /files/{id}`
    ShowFile,
    /// `GET /health`
    Health,
    /// `GET /health/deep`
    DeepHealth,
    /// `GET /performance/{view}`: one for all views, because each route is seven metrics to pay for.
    Performance,
    /// Any other.
    Other,
}

impl Route {
    /// Every route.
    pub const ALL: [Self; 11] = [
        Self::CreateUpload,
        Self::ShowUpload,
        Self::CancelUpload,
        Self::SignParts,
        Self::ReportParts,
        Self::CompleteUpload,
        Self::ShowFile,
        Self::Health,
        Self::DeepHealth,
        Self::Performance,
        Self::Other,
    ];

    /// The value of the dimension: the route key of API Gateway.
    pub const fn key(self) -> &'static str {
        match self {
            Self::CreateUpload => "POST /uploads",
            Self::ShowUpload => "GET /uploads/{id}",
            Self::CancelUpload => "DELETE /uploads/{id}",
            Self::SignParts => "POST /uploads/{id}/parts/sign",
            Self::ReportParts => "POST /uploads/{id}/parts",
            Self::CompleteUpload => "POST /uploads/{id}/complete",
            Self::ShowFile => "GET /files/{id}",
            Self::Health => "GET /health",
            Self::DeepHealth => "GET /health/deep",
            Self::Performance => "GET /performance/{view}",
            Self::Other => "other",
        }
    }

    /// From API Gateway's route key.
    pub fn of_key(key: &str) -> Self {
        Self::ALL.into_iter().find(|route| route.key() == key).unwrap_or(Self::Other)
    }
}
